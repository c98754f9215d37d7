// What every bucket of the stack is: versioned, private, encrypted, and nobody's but its owner's.
import type { Value } from './cloudformation.ts';

/** Properties of an `AWS::S3::Bucket`. Versions are not optional: a PutObject overwrites for good without them. */
export const privateBucket: { readonly [property: string]: Value } = {
  VersioningConfiguration: { Status: 'Enabled' },
  OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
  PublicAccessBlockConfiguration: {
    BlockPublicAcls: true,
    BlockPublicPolicy: true,
    IgnorePublicAcls: true,
    RestrictPublicBuckets: true,
  },
  BucketEncryption: {
    ServerSideEncryptionConfiguration: [
      { ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } },
    ],
  },
};
