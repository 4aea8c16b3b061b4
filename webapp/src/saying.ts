/** Short messages to the person, in their language. A fault says what the server said, or what to do. */
import { ElMessage } from 'element-plus/es/components/message/index'

import { ApiError } from './api'
import { i18n } from './i18n'

export function faultText(fault: unknown): string {
  const t = i18n.global.t
  if (fault instanceof ApiError) {
    if (fault.code === 'unreachable') return t('say.unreachable')
    const fields = Object.values(fault.fields)
    return fault.message || fields.join(' ') || t('say.failed')
  }
  return t('say.failed')
}

/** The server counts the rows of a list so far, and not further. */
const MOST_TOLD = 10_000

/** How many rows a list has in all. */
export function inAll(total: number): string {
  return total > MOST_TOLD ? i18n.global.t('records.more') : i18n.global.t('say.total', { n: total })
}

export const say = {
  done(text: string): void {
    ElMessage({ message: text, type: 'success', duration: 2000, grouping: true })
  },
  fault(fault: unknown): void {
    if (fault instanceof ApiError && fault.status === 401) return // the sign-in page comes
    ElMessage({ message: faultText(fault), type: 'error', duration: 6000, grouping: true, showClose: true })
  },
}
