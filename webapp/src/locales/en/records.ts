/** What all pages of records say. */
export const records = {
  more: 'More than 10,000',
  customer: 'Customer',
  call: 'Call',
  choose: 'Choose one to read it',
  changed: 'Changed by {who}, {at}',
  changedMeanwhile: 'Somebody else has just changed this record. It differs from what you have typed in:',
  saveAnyway: 'Save again to keep what you have typed; cancel to keep theirs.',
  drafts: {
    mark: 'draft',
    found: 'You typed this at {at}; it is not saved yet.',
    discard: 'Discard draft',
    unkept: 'This computer keeps nothing that is not saved: do not close or reload the page before you save.',
  },
}
