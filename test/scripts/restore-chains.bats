#!/usr/bin/env bats
# What `restore status` calls restorable, held to what real duplicity brought back from the recorded chains.

@test "a set of a recorded chain can be restored, or not, as real duplicity did" {
  run python3 - <<'END'
import json, sys
from types import SimpleNamespace as Object
sys.path.insert(0, "scripts/restore/lib/rollcall-restore/archive")
from backup_sets import collect, hindrances

wrong, looked = [], 0
for chain in json.load(open("test/fixtures/chains.json")):
    listing = json.load(open(f"test/fixtures/listings/{chain['listing']}"))
    rows = listing.get("Contents") or [one for one in listing["Versions"] if one["IsLatest"]]
    objects = [
        Object(name=row["Key"][row["Key"].index("duplicity-"):], size=row["Size"], storage=row.get("StorageClass")) for row in rows
    ]
    fulls, incs, _ = collect(objects)
    why = hindrances(fulls, incs)
    good = sorted(one.name for one in why if not why[one])
    real = sorted(
        point["at"].replace("-", "").replace(":", "") for point in chain.get("cured", chain["points"]) if point["holds"] == point["restores"]
    )
    looked += 1
    if good != real:
        wrong.append((chain["listing"], good, real))
print(looked, *wrong, sep="\n")
END
  [[ $status == 0 ]]
  [[ $output == 50 ]] || {
    echo "$output" >&2
    false
  }
}
