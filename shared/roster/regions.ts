// The regions of AWS, as its SDK lists them in the version of November 2026; a test compares the two.
import { closest, distance } from 'fastest-levenshtein';
import { fieldsOf, holdsMap, matching, note, type Place, type YamlReader } from './yaml-reader.ts';

const KNOWN_SINCE = '2026-11';

/** By partition, which is what an ARN begins with: `arn:aws-cn:...`. */
export const REGIONS: { readonly [partition: string]: readonly string[] } = {
  aws: `af-south-1 ap-east-1 ap-east-2 ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-south-2 ap-southeast-1
    ap-southeast-2 ap-southeast-3 ap-southeast-4 ap-southeast-5 ap-southeast-6 ap-southeast-7 ca-central-1 ca-west-1
    eu-central-1 eu-central-2 eu-north-1 eu-south-1 eu-south-2 eu-west-1 eu-west-2 eu-west-3 il-central-1 me-central-1
    me-south-1 me-west-1 mx-central-1 sa-east-1 sa-west-1 us-east-1 us-east-2 us-west-1 us-west-2`.split(
    /\s+/,
  ),
  'aws-cn': ['cn-north-1', 'cn-northwest-1'],
  'aws-eusc': ['eusc-de-east-1'],
  'aws-iso': ['us-iso-east-1', 'us-iso-west-1'],
  'aws-iso-b': ['us-isob-east-1', 'us-isob-west-1'],
  'aws-iso-e': ['eu-isoe-west-1'],
  'aws-iso-f': ['us-isof-east-1', 'us-isof-south-1'],
  'aws-us-gov': ['us-gov-east-1', 'us-gov-west-1'],
};

const ALL = Object.values(REGIONS).flat();

/** The partition of a region; `undefined` for one that is newer than the list. */
export function partitionOf(region: string): string | undefined {
  return Object.keys(REGIONS).find((partition) => REGIONS[partition]?.includes(region));
}

/** `region: eu-west-1`, or `region: { new: NAME }` for one that AWS opened after the list was made. */
export function readRegion(yaml: YamlReader, place: Place | undefined): string | undefined {
  if (place === undefined) return undefined;
  if (holdsMap(yaml, place)) {
    const fields = fieldsOf(yaml, place, ['new']);
    if (fields.new === undefined) {
      return note(yaml, place, 'region must be a name like eu-west-1, or { new: NAME }');
    }
    return matching(yaml, fields.new, FORM.rule, FORM.parse);
  }
  const region = matching(yaml, place, FORM.rule, FORM.parse);
  if (region === undefined || ALL.includes(region)) return region;
  const nearest = closest(region, ALL);
  return note(
    yaml,
    place,
    `region is "${region}", but AWS had no such region in ${KNOWN_SINCE}` +
      (distance(region, nearest) <= 3 ? `, did you mean "${nearest}"?` : '.') +
      ` If it is newer, write "region: { new: ${region} }"`,
  );
}

const FORM = {
  rule: 'an AWS region like eu-west-1',
  parse: (text: string) => (/^[a-z]{2,4}(?:-[a-z]+)+-\d+$/.test(text) ? text : undefined),
};
