// A run on a machine of one's own, against the gateway of Ceph: a real S3 server that is not Amazon's.
import { describeWholePath } from '../anywhere/whole-path.ts';
import { startRadosgw } from './start-radosgw.ts';

// Nothing here is old enough for a lifecycle, whose days are hours.
const DAY_SECONDS = 3_600;

describeWholePath(
  "Ceph's radosgw",
  async () => ({ ...(await startRadosgw(DAY_SECONDS)), region: 'default' }),
  { versions: true },
);
