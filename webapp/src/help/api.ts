import { ask } from '../api'
import type { HelpRequest } from './model'

export const helpApi = {
  ask: (text = '') => ask<HelpRequest>('POST', '/help', { text }),
  take: (id: number, version: number) => ask<HelpRequest>('POST', `/help/${id}/take`, { version }),
  answer: (id: number, text: string, key: string) => ask<HelpRequest>('POST', `/help/${id}/answer`, { text, key }),
  end: (id: number, text = '') => ask<HelpRequest>('POST', `/help/${id}/end`, { text }),
}
