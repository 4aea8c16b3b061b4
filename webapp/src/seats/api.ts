/** The table of seats and extensions (docs/api.md). */
import { ask } from '../api'
import type { Listing } from '../model'
import type { Others, Seat } from './model'

export const seats = {
  all: () => ask<Listing<Seat>>('GET', '/seats'),
  give: (login: string, extension: string | null, was: string | null, others: Others) =>
    ask<Seat>('PUT', `/seats/${encodeURIComponent(login)}`, { extension, was, others }),
}
