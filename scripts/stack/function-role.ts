// The role that a function runs as: what it is for, and what every one needs besides.
import {
  attributeOf,
  policy,
  type Resource,
  type Resources,
  type Statement,
} from './cloudformation.ts';

/** A role of the function with this id, that may do this, write its log, and keep an invocation that failed. */
export const functionRole = (
  id: string,
  policyName: string,
  ...statements: readonly Statement[]
): Resource => ({
  Type: 'AWS::IAM::Role',
  Properties: {
    // Without a SourceAccount: Lambda sends none when it takes on a role.
    AssumeRolePolicyDocument: policy({
      Sid: 'LambdaRunsAsThisRole',
      Effect: 'Allow',
      Principal: { Service: 'lambda.amazonaws.com' },
      Action: 'sts:AssumeRole',
    }),
    Policies: [
      {
        PolicyName: policyName,
        PolicyDocument: policy(
          ...statements,
          {
            Sid: 'KeepAnInvocationThatFailed',
            Effect: 'Allow',
            Action: 'sqs:SendMessage',
            Resource: attributeOf(failedRuns, 'Arn'),
          },
          {
            Sid: 'WriteOwnLog',
            Effect: 'Allow',
            Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
            Resource: attributeOf(`${id}LogGroup`, 'Arn'),
          },
        ),
      },
    ],
  },
});

/** Logical id of the queue. */
export const failedRuns = 'FailedRuns';

/** One queue for the schedule's, the events' and the functions' failures; an alarm watches it. */
export const failedRunsQueue: Resources = {
  [failedRuns]: {
    Type: 'AWS::SQS::Queue',
    Properties: { SqsManagedSseEnabled: true, MessageRetentionPeriod: 1_209_600 },
  },
};
