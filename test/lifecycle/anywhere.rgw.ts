// A run on a machine of one's own, against two real S3 servers that are not Amazon's: Ceph's gateway, by path and by name, and Versity's.
import { describeWholePath } from '../anywhere/whole-path.ts';
import { startRadosgw } from './start-radosgw.ts';
import { startVersitygw } from './start-versitygw.ts';

// Nothing here is old enough for a lifecycle, whose days are hours.
const DAY_SECONDS = 3_600;

describeWholePath("Ceph's radosgw", () => startRadosgw(DAY_SECONDS), { versions: true });

describeWholePath("Ceph's radosgw, with the bucket in its name", () => startRadosgw(DAY_SECONDS), {
  versions: true,
  style: 'virtual',
});

describeWholePath("Versity's gateway", startVersitygw, { versions: false });
