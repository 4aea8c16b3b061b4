import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

const SOURCES = join(import.meta.dirname, '..')
const COLOUR = /#[0-9a-fA-F]{3,8}\b|\b(?:rgba?|hsla?|oklch)\(|(?:color|background|border|fill|stroke)[a-z-]*:[^;]*\b(?:white|black)\b/

function files(): string[] {
  const all = readdirSync(SOURCES, { recursive: true, encoding: 'utf-8' })
  return all.filter((name) => /\.(vue|css)$/.test(name) && !['styles.css', 'element.css'].includes(name))
}

/** The tokens of a block of styles.css that hold a colour of their own. */
function colours(selector: string): Map<string, string> {
  const css = readFileSync(join(SOURCES, 'styles.css'), 'utf-8')
  const from = css.indexOf(`\n${selector} {`)
  const block = css.slice(from, css.indexOf('\n}', from))
  return new Map([...block.matchAll(/^ {2}(--[\w-]+): (.*?);$/gm)].map(([, name = '', value = '']) => [name, value]))
}

describe('colours', () => {
  it('stand in styles.css and element.css alone', () => {
    const found = files().flatMap((name) => {
      const styles = readFileSync(join(SOURCES, name), 'utf-8').split('\n')
      return styles.filter((line) => COLOUR.test(line)).map((line) => `${name}: ${line.trim()}`)
    })
    expect(files().length).toBeGreaterThan(50)
    expect(found).toEqual([])
  })

  it('have a value in both looks, but for the bar and for paper', () => {
    const dark = colours('html.dark')
    const alone = [...colours(':root')].filter(
      ([name, value]) => COLOUR.test(value) && !/^--(el|on-bar|bar|print)/.test(name) && !dark.has(name),
    )
    expect(dark.size).toBeGreaterThan(50)
    expect(alone).toEqual([])
  })

  it('are no token that is not there', () => {
    const known = new Set([...colours(':root').keys()])
    const unknown = files().flatMap((name) => {
      const text = readFileSync(join(SOURCES, name), 'utf-8')
      const own = new Set([...text.matchAll(/(--[\w-]+)['"]?:/g)].map(([, one]) => one))
      const used = [...text.matchAll(/var\((--[\w-]+)/g)].map(([, one = '']) => one)
      return used.filter((one) => !one.startsWith('--el-') && !known.has(one) && !own.has(one)).map((one) => `${name}: ${one}`)
    })
    expect(unknown).toEqual([])
  })
})

describe('the look', () => {
  let evening: (() => void)[] = []
  let dark = false

  beforeEach(() => {
    evening = []
    dark = false
    vi.stubGlobal('matchMedia', () => ({
      get matches() {
        return dark
      },
      addEventListener: (_: string, work: () => void) => evening.push(work),
    }))
    document.cookie = 'callcenterd_look=; max-age=0; path=/'
  })
  afterEach(() => vi.unstubAllGlobals())

  it('is the system’s until one is chosen, is kept, and is given back', async () => {
    const { chooseLook, followLook, keptLook, look } = await import('./look')
    const root = document.documentElement
    followLook()
    expect([look.value, root.classList.contains('dark')]).toEqual(['system', false])
    dark = true
    evening.forEach((work) => work())
    expect([look.value, root.classList.contains('dark')]).toEqual(['system', true])
    chooseLook('light')
    expect([keptLook(), root.classList.contains('dark'), root.style.colorScheme]).toEqual(['light', false, 'light'])
    evening.forEach((work) => work())
    expect(root.classList.contains('dark')).toBe(false)
    chooseLook('dark')
    dark = false
    expect([keptLook(), root.classList.contains('dark')]).toEqual(['dark', true])
    chooseLook('system')
    expect([keptLook(), root.classList.contains('dark')]).toEqual(['system', false])
  })

  it('is painted by look.js before the page is, with the same cookie', () => {
    const script = readFileSync(join(SOURCES, '../public/look.js'), 'utf-8')
    const run = (): boolean => {
      new Function(script)()
      return document.documentElement.classList.contains('dark')
    }
    dark = true
    expect(run()).toBe(true)
    document.cookie = 'callcenterd_look=light; path=/'
    expect(run()).toBe(false)
    document.cookie = 'callcenterd_look=dark; path=/'
    dark = false
    expect(run()).toBe(true)
  })
})
