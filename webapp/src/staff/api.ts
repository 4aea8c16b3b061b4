import { ask, queryText } from '../api'
import type { Listing } from '../model'
import type { Colleagues, Conversation, NoticeWanted, StaffMessage, StaffReader, StaffUnread } from './model'

export interface Wanted {
  with?: string
  kind?: string
  unread?: string
  up?: string
  written?: string
  before?: number
  text?: string
  limit?: number
}

export const staffApi = {
  colleagues: () => ask<Colleagues>('GET', '/colleagues'),
  conversations: () => ask<Listing<Conversation>>('GET', '/conversations'),
  unread: () => ask<StaffUnread>('GET', '/staff-messages/unread'),
  list: (wanted: Wanted) => ask<Listing<StaffMessage>>('GET', `/staff-messages${queryText({ ...wanted })}`),
  write: (to: string, text: string, key: string) => ask<StaffMessage>('POST', '/staff-messages', { to, text, key }),
  tell: (wanted: NoticeWanted) => ask<StaffMessage>('POST', '/staff-notices', wanted),
  read: (id: number) => ask<StaffMessage>('POST', `/staff-messages/${id}/read`, {}),
  confirm: (id: number) => ask<StaffMessage>('POST', `/staff-messages/${id}/confirm`, {}),
  withdraw: (id: number) => ask<StaffMessage>('POST', `/staff-messages/${id}/withdraw`, {}),
  readers: (id: number) => ask<Listing<StaffReader> & { message: StaffMessage }>('GET', `/staff-messages/${id}/readers`),
}
