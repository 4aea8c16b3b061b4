/** Files of records, the time line of a customer, proposals. */
export const documents = {
  files: '附件',
  attach: '添加文件',
  none: '没有附件。可把文件拖到这里，每个最大 {most}。',
  sending: '正在上传 {name}（{number}/{of}）',
  tooLarge: '太大，最大 {most}',
  show: '查看 {name}',
  save: '下载 {name}',
  removeOne: '删除 {name}',
  remove: '删除附件',
  removeSure: '“{name}”将不再附于这条记录。',
}
