import { expect, it } from 'vitest'

import { i18n } from '../i18n'
import { changeText } from './changes'

it.each([
  ['queue sales: new', '技能组 sales: 新增'],
  ['outbound route 0.: trunks, strip', '外拨 0.: 中继（按次序）、去掉前几位'],
  ['user 1001: password, name', '用户 1001: 密码、名称'],
  ['trunk telecom: host, port, register', '中继 telecom: 主机、端口、注册到运营商'],
  ['queue sales: max_wait, colour', '技能组 sales: 最长等待、colour'],
  ['users: order', 'users: order'],
  ['something else', 'something else'],
])('%s reads %s', (change, text) => {
  const { t, te } = i18n.global
  expect(changeText(change, t, te)).toBe(text)
})
