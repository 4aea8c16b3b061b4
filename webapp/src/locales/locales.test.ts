import { describe, expect, it } from 'vitest'

import { en } from './en'
import { zh } from './zh-CN'

type Tree = { [key: string]: string | Tree }

function flat(tree: Tree, above = ''): Map<string, string> {
  const leaves = new Map<string, string>()
  for (const [key, value] of Object.entries(tree)) {
    const path = above ? `${above}.${key}` : key
    if (typeof value === 'string') leaves.set(path, value)
    else for (const [inner, text] of flat(value, path)) leaves.set(inner, text)
  }
  return leaves
}

const chinese = flat(zh)
const english = flat(en)
const places = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map((found) => found[1] ?? '').sort()

describe('the two languages', () => {
  it('have the same keys', () => {
    expect([...english.keys()].sort()).toEqual([...chinese.keys()].sort())
  })

  it('say something everywhere, with the same places filled in', () => {
    for (const [key, text] of chinese) {
      expect(text.trim(), key).not.toBe('')
      expect(english.get(key)?.trim(), key).not.toBe('')
      expect(places(english.get(key) ?? ''), key).toEqual(places(text))
    }
  })

  it('hold no Chinese in English, but for the name of the language', () => {
    const found = [...english].filter(([key, text]) => key !== 'language.zh' && /\p{Script=Han}/u.test(text))
    expect(found).toEqual([])
  })

  it('leave nothing that vue-i18n would read as syntax', () => {
    for (const [key, text] of [...chinese, ...english]) expect(/[@|]/.test(text), `${key}: ${text}`).toBe(false)
  })
})
