// Where SNS sends text messages from: elsewhere it refuses the subscription, and CloudFormation the whole stack.

/** When the list was last compared with its sources. */
export const SMS_REGIONS_AS_OF = '2026-11-28';

/**
 * Sources: SNS Developer Guide, "Supported Regions and countries for SMS messaging with Amazon SNS"; AWS General
 * Reference, "AWS End User Messaging endpoints and quotas". A region that only the second has, as Seoul, is not here:
 * SNS does not say that it sends from there.
 */
export const SMS_REGIONS: ReadonlySet<string> = new Set([
  ...['us-east-1', 'us-east-2', 'us-west-1', 'us-west-2', 'us-gov-east-1', 'us-gov-west-1'],
  ...['ca-central-1', 'ca-west-1', 'sa-east-1', 'af-south-1', 'il-central-1'],
  ...['eu-central-1', 'eu-central-2', 'eu-north-1', 'eu-south-1', 'eu-south-2'],
  ...['eu-west-1', 'eu-west-2', 'eu-west-3', 'me-central-1', 'me-south-1'],
  ...['ap-northeast-1', 'ap-northeast-3', 'ap-south-1', 'ap-south-2'],
  ...['ap-southeast-1', 'ap-southeast-2', 'ap-southeast-3', 'ap-southeast-4'],
]);
