// Keeps the configurations put on a bucket, and answers for those never put as S3 does.
import { AwsError } from '../aws-error.ts';
import { xmlDocument } from '../xml.ts';
import { bucketOf, headerOf, type Reply, type S3Call, xmlReply } from './call.ts';
import type { Setting } from './setting-table.ts';

/** Get. */
export function getSetting(setting: Setting): (call: S3Call) => Reply {
  return (call) => {
    const kept = bucketOf(call).settings.get(setting.parameter);
    const json = setting.parameter === 'policy';
    if (kept !== undefined) {
      return json
        ? { status: 200, headers: { 'content-type': 'application/json' }, body: kept }
        : xmlReply(kept);
    }
    if ('code' in setting.absent) throw new AwsError(setting.absent.code);
    return xmlReply(xmlDocument(setting.absent.document));
  };
}

/** Put: the new document replaces the old one whole, as S3 does with notifications too. */
export function putSetting(setting: Setting): (call: S3Call) => Reply {
  return (call) => {
    const bucket = bucketOf(call);
    const document = setting.accept(bucket, call.body.toString('utf8'));
    bucket.settings.set(setting.parameter, document);
    const testing = headerOf(call, 'x-amz-skip-destination-validation') !== 'true';
    if (setting.parameter === 'notification' && testing) call.s3.announceTest(bucket);
    return { status: setting.parameter === 'policy' ? 204 : 200 };
  };
}

/** Delete. */
export function deleteSetting(setting: Setting): (call: S3Call) => Reply {
  return (call) => {
    bucketOf(call).settings.delete(setting.parameter);
    return { status: 204 };
  };
}
