// Each host that was judged as metrics of CloudWatch, where the config asks for them.
import type { Instant } from '../duplicity/time.ts';
import type { HostReport } from '../messages/host-report.ts';
import { measureHost } from '../messages/openmetrics.ts';
import { logMetrics } from './log.ts';

/** Three metrics a host, which AWS charges for each hour in which they come. What is not known has no value. */
export function logHosts(
  bucket: string,
  judged: readonly { readonly report: HostReport }[],
  at: Instant,
): void {
  for (const { report } of judged) {
    const { host, isOk, lastGoodAt, bytes } = measureHost(report);
    logMetrics({ Bucket: bucket, Host: host }, at, {
      BackupOk: { unit: 'None', value: isOk === undefined ? undefined : Number(isOk) },
      BackupAge: { unit: 'Seconds', value: lastGoodAt && Math.round((at - lastGoodAt) / 1000) },
      BackupBytes: { unit: 'Bytes', value: bytes },
    });
  }
}
