// The bucket in which runs remember what they judged and told; no host can reach it.

import { HISTORY } from '../../shared/messages/history.ts';
import { DRILLS } from '../../shared/messages/report.ts';
import { EARLIER_FULLS } from '../../shared/monitor/earlier-version.ts';
import { BOARD_PAGE, METRICS_PAGE } from '../../shared/monitor/keep-board.ts';
import { RECORDS } from '../../shared/monitor/record-page.ts';
import { KEPT_REPORTS_DAYS, REPORTS, STATUS_PAGE } from '../../shared/monitor/state.ts';
import { privateBucket } from './backup-bucket.ts';
import { attributeOf, policy, type Resources, ref, type Statement, sub } from './cloudformation.ts';

/** Logical id of the bucket; its name is CloudFormation's, as nobody but the functions needs it. */
export const stateBucket = 'LedgerBucket';

const KEPT_VERSIONS_DAYS = 30;
// Nothing is written there any more; where there are no records yet, a run reads those of forty days.
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
            Id: 'forget-old-records',
            Status: 'Enabled',
            Prefix: RECORDS,
            // Each event that is judged leaves one of a megabyte: a week to see what was written.
            NoncurrentVersionExpiration: { NoncurrentDays: 7 },
            // CloudFormation asks for one more action; records are never uploaded in parts.
            AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 },
          },
          {
            Id: 'forget-old-seals',
            Status: 'Enabled',
            Prefix: EARLIER_FULLS,
            ExpirationInDays: KEPT_FINGERPRINTS_DAYS,
          },
          {
            Id: 'forget-old-answers',
            Status: 'Enabled',
            // Workers left them there before they left their reports on the records of hosts.
            Prefix: 'shards/',
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

/** Without it S3 answers 403 where it would answer 404; and what lies on pages of another cut is found by it. */
export const seeWhatIsThere: Statement = {
  Sid: 'SeeWhatIsThere',
  Effect: 'Allow',
  Action: 's3:ListBucket',
  Resource: attributeOf(stateBucket, 'Arn'),
};

/** What every run needs of it: the state, what operators said of it, and to see that there is none yet. */
export const rememberRuns: readonly Statement[] = [
  {
    Sid: 'RememberRuns',
    Effect: 'Allow',
    Action: ['s3:GetObject', 's3:PutObject'],
    Resource: sub(`\${${stateBucket}.Arn}/state.json`),
  },
  {
    Sid: 'ReadWhatOperatorsSaid',
    Effect: 'Allow',
    Action: 's3:GetObject',
    Resource: sub(`\${${stateBucket}.Arn}/operator/*`),
  },
  seeWhatIsThere,
];

/** What the schedule leaves behind and cannot read again. */
export const keepReports: Statement = {
  Sid: 'KeepReports',
  Effect: 'Allow',
  Action: 's3:PutObject',
  Resource: sub(`\${${stateBucket}.Arn}/${REPORTS}*`),
};

const pages = (names: readonly string[]) =>
  names.map((page) => sub(`\${${stateBucket}.Arn}/${page}`));

/** The board, and the page and the metrics that are made of it. */
export const keepBoard: readonly Statement[] = [
  {
    Sid: 'KeepBoard',
    Effect: 'Allow',
    Action: ['s3:GetObject', 's3:PutObject'],
    Resource: pages([BOARD_PAGE]),
  },
  {
    Sid: 'WritePage',
    Effect: 'Allow',
    Action: 's3:PutObject',
    Resource: pages([STATUS_PAGE, METRICS_PAGE]),
  },
];

/** 400 days of each host, which only the schedule adds to. */
export const keepHistory: Statement = {
  Sid: 'KeepHistory',
  Effect: 'Allow',
  Action: ['s3:GetObject', 's3:PutObject'],
  Resource: pages([`${HISTORY}*`]),
};

/** What is remembered of each host, as this version keeps it and as the one before did. */
export const readHosts: Statement = {
  Sid: 'ReadHosts',
  Effect: 'Allow',
  Action: 's3:GetObject',
  Resource: [RECORDS, EARLIER_FULLS].map((pages) => sub(`\${${stateBucket}.Arn}/${pages}*`)),
};

/** The same for each function that judges. */
export const rememberHosts: readonly Statement[] = [
  readHosts,
  {
    Sid: 'WriteHosts',
    Effect: 'Allow',
    Action: 's3:PutObject',
    Resource: sub(`\${${stateBucket}.Arn}/${RECORDS}*`),
  },
];
