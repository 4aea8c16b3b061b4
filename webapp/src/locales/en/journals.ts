/** Journals of any kind of record: of which days, and as what. */
export const journals = {
  title: 'Journal',
  period: 'Which journal',
  periods: { day: 'Daily', week: 'Weekly', month: 'Monthly', other: 'Any days' },
  help: {
    day: 'The records of this day with their totals',
    week: 'The week of this day, from Monday to Sunday',
    month: 'The month of this day',
    other: 'From the first day to the last, a year at most',
  },
  day: 'Which day',
  days: 'Which days',
  first: 'First day',
  last: 'Last day',
  narrowed: 'Only of the category, channel and person chosen for the list',
  forms: { page: 'Page to print', pdf: 'PDF', xlsx: 'XLSX', csv: 'CSV', 'csv-gb18030': 'CSV (GB18030)' },
  most: 'A page or a PDF has at most 1,000 records, a table at most 20,000',
}
