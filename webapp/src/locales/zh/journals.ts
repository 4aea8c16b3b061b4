/** Journals of any kind of record: of which days, and as what. */
export const journals = {
  title: '志表',
  period: '哪种志表',
  periods: { day: '日志表', week: '周志表', month: '月志表', other: '任选日期' },
  help: {
    day: '这一天的记录和合计',
    week: '这一天所在的一周，周一到周日',
    month: '这一天所在的月份',
    other: '从第一天到最后一天，最长一年',
  },
  day: '哪一天',
  days: '哪些天',
  first: '第一天',
  last: '最后一天',
  narrowed: '只含列表中选定的类别、渠道和受理人',
  forms: { page: '打印页', pdf: 'PDF', xlsx: 'XLSX', csv: 'CSV', 'csv-gb18030': 'CSV（GB18030）' },
  most: '打印页和 PDF 最多 1000 条记录，表格最多 20000 条',
}
