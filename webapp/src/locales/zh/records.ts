/** What all pages of records say. */
export const records = {
  more: '一万条以上',
  customer: '客户',
  call: '通话',
  choose: '选一条记录查看',
  changed: '{who} 于 {at} 修改',
  changedMeanwhile: '别人刚修改了这条记录。现在的内容与您填写的不同：',
  saveAnyway: '再按一次保存，就以您填写的为准；取消则保留对方的内容。',
  drafts: {
    mark: '草稿',
    found: '这是您 {at} 填写、还没有保存的内容。',
    discard: '丢弃草稿',
    unkept: '这台电脑不允许保留未保存的内容：保存前请不要关闭或刷新页面。',
  },
}
