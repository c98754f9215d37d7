// The bucket in which runs remember what they judged and notified; no host can reach it.
import { DRILLS } from '../../shared/monitor/scheduled-run.ts';
import { FINGERPRINTS } from '../../shared/monitor/set-records.ts';
import { REPORTS, STATUS_PAGE } from '../../shared/monitor/state.ts';
import { ANSWERS } from '../../shared/monitor/worker-answer.ts';
import { privateBucket } from './backup-bucket.ts';
import { attributeOf, policy, type Resources, ref, type Statement, sub } from './cloudformation.ts';

/** Logical id of the bucket; its name is CloudFormation's, as nobody but the functions needs it. */
export const stateBucket = 'LedgerBucket';

const KEPT_VERSIONS_DAYS = 30;
const KEPT_REPORTS_DAYS = 400;
// A run reads those of forty days.
const KEPT_FINGERPRINTS_DAYS = 45;

/** Private, versioned, and kept when the stack goes: it holds the proof of what was notified. */
export const stateBucketResources: Resources = {
  [stateBucket]: {
    Type: 'AWS::S3::Bucket',
    DeletionPolicy: 'RetainExceptOnCreate',
    UpdateReplacePolicy: 'Retain',
    Properties: {
      ...privateBucket,
      LifecycleConfiguration: {
        Rules: [
          {
            Id: 'forget-old-states',
            Status: 'Enabled',
            NoncurrentVersionExpiration: { NoncurrentDays: KEPT_VERSIONS_DAYS },
            AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 },
          },
          {
            Id: 'forget-old-reports',
            Status: 'Enabled',
            Prefix: REPORTS,
            ExpirationInDays: KEPT_REPORTS_DAYS,
          },
          {
            Id: 'forget-old-drills',
            Status: 'Enabled',
            Prefix: DRILLS,
            ExpirationInDays: KEPT_REPORTS_DAYS,
          },
          {
            Id: 'forget-old-seals',
            Status: 'Enabled',
            Prefix: FINGERPRINTS,
            ExpirationInDays: KEPT_FINGERPRINTS_DAYS,
          },
          {
            Id: 'forget-old-answers',
            Status: 'Enabled',
            Prefix: ANSWERS,
            // Nobody waits for one longer than a quarter of an hour; a day to see what went wrong.
            ExpirationInDays: 1,
            NoncurrentVersionExpiration: { NoncurrentDays: 1 },
          },
        ],
      },
    },
  },
  LedgerBucketPolicy: {
    Type: 'AWS::S3::BucketPolicy',
    Properties: {
      Bucket: ref(stateBucket),
      PolicyDocument: policy({
        Sid: 'TlsOnly',
        Effect: 'Deny',
        Principal: '*',
        Action: 's3:*',
        Resource: [attributeOf(stateBucket, 'Arn'), sub(`\${${stateBucket}.Arn}/*`)],
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      }),
    },
  },
};

/** Without it S3 answers 403 where it would answer 404; and fingerprints and answers are found by it. */
export const seeWhatIsThere: Statement = {
  Sid: 'SeeWhatIsThere',
  Effect: 'Allow',
  Action: 's3:ListBucket',
  Resource: attributeOf(stateBucket, 'Arn'),
};

/** What every run needs of it: one object, read and written; and to see that it is not there yet. */
export const rememberRuns: readonly Statement[] = [
  {
    Sid: 'RememberRuns',
    Effect: 'Allow',
    Action: ['s3:GetObject', 's3:PutObject'],
    Resource: sub(`\${${stateBucket}.Arn}/state.json`),
  },
  seeWhatIsThere,
];

/** What the schedule leaves behind and cannot read again. */
export const keepReports: Statement = {
  Sid: 'KeepReports',
  Effect: 'Allow',
  Action: 's3:PutObject',
  Resource: [`${REPORTS}*`, STATUS_PAGE].map((page) => sub(`\${${stateBucket}.Arn}/${page}`)),
};

/** What a run or a worker leaves behind and cannot write again. */
export const keepFingerprints: readonly Statement[] = [
  {
    Sid: 'ReadSeals',
    Effect: 'Allow',
    Action: 's3:GetObject',
    Resource: sub(`\${${stateBucket}.Arn}/${FINGERPRINTS}*`),
  },
  {
    Sid: 'WriteEachSealOnce',
    Effect: 'Allow',
    Action: 's3:PutObject',
    Resource: sub(`\${${stateBucket}.Arn}/${FINGERPRINTS}*`),
    // Only a write that S3 refuses where something is already there. Source: "Enforce conditional writes", S3 User
    // Guide.
    Condition: { Null: { 's3:if-none-match': 'false' } },
  },
];
