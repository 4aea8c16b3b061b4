import { expect, it } from 'vitest'

import { sizeOf } from './sms'

/** The figures of tests/model/test_sms.py. */
it.each([
  ['', 'gsm7', 0, 1],
  ['a'.repeat(160), 'gsm7', 160, 1],
  ['a'.repeat(161), 'gsm7', 161, 2],
  ['a'.repeat(306), 'gsm7', 306, 2],
  ['a'.repeat(307), 'gsm7', 307, 3],
  ['€'.repeat(80), 'gsm7', 160, 1],
  ['a'.repeat(152) + '€' + 'a'.repeat(152), 'gsm7', 306, 3],
  ['é'.repeat(160), 'gsm7', 160, 1],
  ['ê', 'ucs2', 1, 1],
  ['预'.repeat(70), 'ucs2', 70, 1],
  ['预'.repeat(71), 'ucs2', 71, 2],
  ['预'.repeat(134), 'ucs2', 134, 2],
  ['预'.repeat(135), 'ucs2', 135, 3],
  ['😀'.repeat(35), 'ucs2', 70, 1],
  ['预'.repeat(66) + '😀' + '预'.repeat(66), 'ucs2', 134, 3],
])('a text takes so many parts (%#)', (text, code, units, segments) => {
  expect(sizeOf(text)).toEqual({ code, units, segments })
})
