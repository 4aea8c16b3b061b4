/** Addresses of sheets and journals of any kind of record: the server makes the page or the file. */
import { queryText } from '../api'

export const PERIODS = ['day', 'week', 'month', 'other'] as const
export type JournalPeriod = (typeof PERIODS)[number]
export const FORMS = ['page', 'pdf', 'xlsx', 'csv', 'csv-gb18030'] as const
export type JournalForm = (typeof FORMS)[number]

/** A date as the calendar on the wall has it, 2026-11-27. */
export function dayOf(date: Date): string {
  const two = (number: number): string => String(number).padStart(2, '0')
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
}

/** path: of the kind of record, as "/consultations". */
export function journalAddress(
  path: string,
  wanted: { period: JournalPeriod; day: Date; last: Date | null; format: JournalForm; lang: string },
  conditions: Record<string, string | undefined> = {},
): string {
  const last = wanted.period === 'other' && wanted.last ? dayOf(wanted.last) : ''
  const { period, format, lang } = wanted
  return `/api/v1${path}/journal${queryText({ period, day: dayOf(wanted.day), last, ...conditions, format, lang })}`
}

export function sheetAddress(path: string, id: number, format: 'page' | 'pdf', lang: string): string {
  return `/api/v1${path}/${id}/sheet${queryText({ format, lang })}`
}
