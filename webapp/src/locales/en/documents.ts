/** Files of records, the time line of a customer, proposals. */
export const documents = {
  files: 'Files',
  attach: 'Attach files',
  none: 'No files. Drop some here, each of at most {most}.',
  sending: 'Sending {name} ({number} of {of})',
  tooLarge: 'Too large; at most {most}',
  show: 'Look at {name}',
  save: 'Save {name}',
  removeOne: 'Remove {name}',
  remove: 'Remove file',
  removeSure: '“{name}” will hang on this record no more.',
}
