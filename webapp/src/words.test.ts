import { describe, expect, it } from 'vitest'

import { i18n } from './i18n'
import { causeText, reasonText, trunkWhy, wordOf } from './words'

const { t, te } = i18n.global
const nameOf = (login: string): string => (login === '1001' ? '张三' : login)

describe('words for codes', () => {
  it.each([
    ['normal', '正常挂断'],
    ['by 1001', '由 张三 挂断'],
    ['server stopped', '系统中断'],
    ['no ACK', 'no ACK'],
    ['', ''],
  ])('cause %j reads %j', (cause, text) => expect(causeText(cause, t, te, nameOf)).toBe(text))

  it.each([
    ['no answer to OPTIONS', '对检测（OPTIONS）没有应答'],
    ['registration: 403 Forbidden', '注册失败：403 Forbidden'],
    ['registration: no answer', '注册失败：没有应答'],
    ['404 to OPTIONS', '对方有应答（404）'],
    ['host has no address', 'host has no address'],
    ['', ''],
  ])('a trunk that says %j is shown %j', (why, text) => expect(trunkWhy(why, t, te)).toBe(text))

  it('show a code that is not known as it is, and no reason as a break', () => {
    expect(reasonText('rest', t, te)).toBe('小休')
    expect(reasonText('fire drill', t, te)).toBe('fire drill')
    expect(reasonText('', t, te)).toBe('示忙')
    expect(wordOf('left', 'teleported', t, te)).toBe('teleported')
  })
})
