/** What a site file changed, as the command prints it ("queue sales: title, members"), in the reader's words. Pure. */
import type { KeptByPage, Thing } from '../model'

const WORDS: Record<string, Thing> = {
  trunk: 'trunks',
  number: 'numbers',
  'outbound route': 'outbound',
  user: 'users',
  extension: 'extensions',
  queue: 'queues',
}
const WHAT: Record<string, string> = { new: 'admin.news', removed: 'admin.removed', order: 'admin.order' }

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

type T = (key: string, values?: Record<string, unknown>) => string
type Knows = (key: string) => boolean

/** A change of a shape that is not known here is shown as it came. */
export function changeText(change: string, t: T, te: Knows): string {
  const found = /^(.+?) (\S+): (.+)$/.exec(change)
  const kind = WORDS[found?.[1] ?? '']
  if (!found || !kind) return change
  const [, , key, what] = found
  return `${t(`admin.${kind}`)} ${key}: ${fieldsText((what ?? '').split(', '), t, te)}`
}

function fieldsText(names: readonly string[], t: T, te: Knows): string {
  const word = (name: string): string => {
    if (WHAT[name]) return t(WHAT[name])
    if (te(`adminColumn.${name}`)) return t(`adminColumn.${name}`)
    return FIELDS[name] ? t(`admin.${FIELDS[name]}`) : name
  }
  return names.map(word).join(t('say.comma'))
}

/** What of a file stays as a page has it, with who changed it there and when. */
export function keptText(kept: KeptByPage, locale: string, t: T, te: Knows): string {
  const name = kept.key ? ` ${kept.key}` : ''
  const when = new Intl.DateTimeFormat(locale, { dateStyle: 'short', timeStyle: 'short' }).format(new Date(kept.at))
  const what = kept.fields.length ? fieldsText(kept.fields, t, te) : t('admin.removed')
  return `${t(`admin.${kept.section}`)}${name}: ${what}${t('admin.keptBy', { by: kept.by, when })}`
}
