/** What a site file changed, as the command prints it ("queue sales: title, members"), in the reader's words. Pure. */
import type { Thing } from '../model'

const WORDS: Record<string, Thing> = {
  trunk: 'trunks',
  number: 'numbers',
  'outbound route': 'outbound',
  user: 'users',
  extension: 'extensions',
  queue: 'queues',
}
const WHAT: Record<string, string> = { new: 'admin.news', removed: 'admin.removed' }

/** Fields that have no column of their own. */
const FIELDS: Record<string, string> = {
  host: 'host',
  port: 'port',
  password: 'password',
  register: 'byRegistration',
  language: 'language',
  contact: 'contact',
  max_wait: 'maxWait',
  music: 'music',
}

type T = (key: string) => string
type Knows = (key: string) => boolean

/** A change of a shape that is not known here is shown as it came. */
export function changeText(change: string, t: T, te: Knows): string {
  const found = /^(.+?) (\S+): (.+)$/.exec(change)
  const kind = WORDS[found?.[1] ?? '']
  if (!found || !kind) return change
  const [, , key, what] = found
  const word = (name: string): string => {
    if (WHAT[name]) return t(WHAT[name])
    if (te(`adminColumn.${name}`)) return t(`adminColumn.${name}`)
    return FIELDS[name] ? t(`admin.${FIELDS[name]}`) : name
  }
  return `${t(`admin.${kind}`)} ${key}: ${(what ?? '').split(', ').map(word).join(t('say.comma'))}`
}
