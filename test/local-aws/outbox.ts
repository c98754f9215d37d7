// Keeps what would have left AWS: mails, text messages, and what was published to topics.

/** A mail that SES took; `suppressed` holds the addressees SES drops without a word. */
export type Mail = {
  readonly messageId: string;
  readonly from: string;
  readonly to: readonly string[];
  readonly cc: readonly string[];
  readonly bcc: readonly string[];
  readonly replyTo: readonly string[];
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  readonly suppressed: readonly string[];
  readonly sentAt: number;
};

/** A text message: `Publish` to a phone number, or a topic's delivery to an `sms` subscription. */
export type Sms = {
  readonly messageId: string;
  readonly to: string;
  readonly text: string;
  readonly topicArn: string | undefined;
  readonly sentAt: number;
};

/** What was published to a topic, whether or not anybody was subscribed. */
export type TopicMessage = {
  readonly messageId: string;
  readonly topicArn: string;
  readonly subject: string | undefined;
  readonly text: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly sentAt: number;
};

/** What one confirmed subscription whose filter matched was sent: the text for its protocol. */
export type Delivery = {
  readonly messageId: string;
  readonly topicArn: string;
  readonly protocol: string;
  readonly endpoint: string;
  readonly subject: string | undefined;
  readonly text: string;
};

/** Everything sent, oldest first; `clear` empties it between two acts of a test. */
export type Outbox = {
  readonly mails: Mail[];
  readonly sms: Sms[];
  readonly topicMessages: TopicMessage[];
  readonly deliveries: Delivery[];
  readonly clear: () => void;
};

/** An empty outbox. */
export function createOutbox(): Outbox {
  const outbox: Outbox = {
    mails: [],
    sms: [],
    topicMessages: [],
    deliveries: [],
    clear: () => {
      for (const list of [outbox.mails, outbox.sms, outbox.topicMessages, outbox.deliveries]) {
        list.length = 0;
      }
    },
  };
  return outbox;
}
