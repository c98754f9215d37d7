// The kits of hosts and for restores, against real S3 servers that are not Amazon's: Ceph's gateway, and Versity's.
import { describeKitPath } from '../anywhere/kit-path.ts';
import { startRadosgw } from './start-radosgw.ts';
import { startVersitygw } from './start-versitygw.ts';

// Nothing here is old enough for a lifecycle, whose days are hours.
const DAY_SECONDS = 3_600;

describeKitPath("Ceph's radosgw", () => startRadosgw(DAY_SECONDS), {
  versions: true,
  virtual: true,
});

describeKitPath("Versity's gateway", startVersitygw, { versions: false, virtual: true });

describeKitPath("Versity's gateway with versions", () => startVersitygw({ versions: true }), {
  versions: true,
  virtual: true,
});
