import type { Messages } from '../zh-CN'

export const evidence: Messages['evidence'] = {
  pack: 'Evidence pack',
  packHelp: 'Records, recordings, and a program that checks them and runs alone',
  check: 'Check now',
  running: 'Being checked…',
  length: '{n} links, the last one of {at}',
  none: 'Nothing was recorded yet',
  well: '{n} links were checked at {at}, everything agrees',
  ill: '{n} places do not agree',
  unchecked: 'Not checked since the start; it is checked once a day.',
  what: { link: 'the chain is broken', missing: 'the record is gone', changed: 'the record was changed' },
  kinds: { duty_step: 'Step of a duty', posting: 'Posting on a card', complaint_state: 'State of a complaint', call: 'Call', recording: 'Recording' },
  anchors: 'Anchors of the days',
  anchorsHelp: 'Keep the number and hash of a day elsewhere (printed, mailed, with a third party): they prove that nothing before them was changed.',
  day: 'Day (UTC)',
  number: 'Number',
  hash: 'Hash',
  copy: 'Copy',
  copyNamed: 'Copy the anchor of {day}',
  copied: 'Copied',
}
