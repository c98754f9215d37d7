// The bucket in which runs remember what they judged and told; no host can reach it.
import { DRILLS } from '../../shared/ledger/drill-pages.ts';
import { REPORTS, STATUS_PAGE } from '../../shared/ledger/report-pages.ts';
import { SEALS } from '../../shared/ledger/seal-pages.ts';
import { attributeOf, policy, type Resources, ref, type Statement, sub } from './cloudformation.ts';
import { privateBucket } from './private-bucket.ts';

/** Logical id of the bucket; its name is CloudFormation's, as nobody but the functions needs it. */
export const ledgerBucket = 'LedgerBucket';

const KEPT_VERSIONS_DAYS = 30;
const KEPT_REPORTS_DAYS = 400;
// A run reads those of forty days.
const KEPT_SEALS_DAYS = 45;

/** Private, versioned, and kept when the stack goes: it holds the proof of what was told. */
export const ledgerResources: Resources = {
  [ledgerBucket]: {
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
            Prefix: SEALS,
            ExpirationInDays: KEPT_SEALS_DAYS,
          },
        ],
      },
    },
  },
  LedgerBucketPolicy: {
    Type: 'AWS::S3::BucketPolicy',
    Properties: {
      Bucket: ref(ledgerBucket),
      PolicyDocument: policy({
        Sid: 'TlsOnly',
        Effect: 'Deny',
        Principal: '*',
        Action: 's3:*',
        Resource: [attributeOf(ledgerBucket, 'Arn'), sub(`\${${ledgerBucket}.Arn}/*`)],
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      }),
    },
  },
};

/** What every run needs of it: one object, read and written; and to see that it is not there yet. */
export const rememberRuns: readonly Statement[] = [
  {
    Sid: 'RememberRuns',
    Effect: 'Allow',
    Action: ['s3:GetObject', 's3:PutObject'],
    Resource: sub(`\${${ledgerBucket}.Arn}/state.json`),
  },
  {
    Sid: 'SeeThatNothingIsRememberedYet',
    Effect: 'Allow',
    // Without it S3 answers 403 where it would answer 404.
    Action: 's3:ListBucket',
    Resource: attributeOf(ledgerBucket, 'Arn'),
  },
];

/** What the schedule leaves behind: reports, which it cannot read again, and seals, which it cannot write again. */
export const keepReportsAndSeals: readonly Statement[] = [
  {
    Sid: 'KeepReports',
    Effect: 'Allow',
    Action: 's3:PutObject',
    Resource: [`${REPORTS}*`, STATUS_PAGE].map((page) => sub(`\${${ledgerBucket}.Arn}/${page}`)),
  },
  {
    Sid: 'ReadSeals',
    Effect: 'Allow',
    Action: 's3:GetObject',
    Resource: sub(`\${${ledgerBucket}.Arn}/${SEALS}*`),
  },
  {
    Sid: 'WriteEachSealOnce',
    Effect: 'Allow',
    Action: 's3:PutObject',
    Resource: sub(`\${${ledgerBucket}.Arn}/${SEALS}*`),
    // Only a write that S3 refuses where something is already there. Source: "Enforce conditional writes", S3 User Guide.
    Condition: { Null: { 's3:if-none-match': 'false' } },
  },
];
