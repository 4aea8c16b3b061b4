/** What the administration asks about kinds of duties. */
import { ask } from '../api'
import type { Listing } from '../model'
import { settings, type KindWithShipped, type Terms } from './model'

export const dutyKindsApi = {
  all: () => ask<Listing<KindWithShipped>>('GET', '/duty-kinds'),
  /** terms.version: the one that was read; another by now is a 409 with what is now. */
  put: (terms: Terms) =>
    ask<Terms>('PUT', `/duty-kinds/${terms.name}`, { ...settings(terms), version: terms.version }),
}
