#!/usr/bin/env bats
# Bad weather with the real duplicity: kill -9 at every second of a run, IPv6 alone, a proxy, TLS of one's own.

load host-world
load server

setup() {
  host_stage
  lists "+ $WORLD/tree" '- /'
}

teardown() { end_relays; }

@test "killed with its duplicity at every second of a run, and then run again: one whole set each time" {
  # slow enough to be hit in the middle
  s3_say fault '{"operation":"PutObject","fault":{"latencyMs":400}}' >/dev/null
  for second in 1 2 3 4 5 6 8 10; do
    begun rollcall-backup run
    sleep "$second"
    kill -KILL "$runner" 2>/dev/null || true
    for group in $(pgrep -f "$state/rollcall-backup" | xargs -r ps -o pgid= -p | sort -u); do
      [ "$group" = "$(ps -o pgid= -p $$ | tr -d ' ')" ] || kill -KILL -- "-$group" 2>/dev/null || true
    done
    wait "$runner" || true
  done
  whole=$(keys | grep -c manifest || true)
  s3_say clear
  run rollcall-backup run
  expect 0 'OK code=0'
  same "$(keys | grep -c manifest)" $((whole + 1))
  # no key was written twice, whatever was killed
  no_key_twice
  nothing_left
}

@test "an endpoint that has IPv6 alone" {
  relay ipv6 "$endpoint"
  sed -i "s|^ENDPOINT_URL=.*|ENDPOINT_URL=http://[::1]:$port|" "$etc/config"
  run rollcall-backup check
  expect 0 'can be listed'
  run rollcall-backup run
  expect 0 'OK code=0'
}

@test "TLS with an authority of one's own, through a proxy and only through it" {
  openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
    -keyout "$BATS_TEST_TMPDIR/tls.key" -out "$BATS_TEST_TMPDIR/tls.pem" 2>/dev/null
  relay tls "$endpoint" "$BATS_TEST_TMPDIR/tls.pem" "$BATS_TEST_TMPDIR/tls.key"
  tls=$port
  sed -i "s|^ENDPOINT_URL=.*|ENDPOINT_URL=https://localhost:$tls|" "$etc/config"
  run rollcall-backup check
  expect 7 'CA_BUNDLE'
  echo "CA_BUNDLE=$BATS_TEST_TMPDIR/tls.pem" >>"$etc/config"
  run rollcall-backup check
  expect 0 'can be listed'
  relay proxy "$endpoint"
  echo "HTTPS_PROXY=http://127.0.0.1:$port" >>"$etc/config"
  run rollcall-backup run
  expect 0 'OK code=0'
  [ "$(grep -c "CONNECT localhost:$tls" "$BATS_TEST_TMPDIR/proxy.said")" -ge 3 ]
  sed -i 's|^HTTPS_PROXY=.*|HTTPS_PROXY=http://127.0.0.1:9|' "$etc/config"
  run rollcall-backup run
  expect 7 'reason=network'
}
