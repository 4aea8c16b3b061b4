/** What the documents' parts ask the server. */
import { ask, queryText, upload } from '../api'
import type { Customer, Listing } from '../model'
import type { Attachment, AttachmentList, Binned, Doubles, RecordKind, TimelineKind, TimelinePage } from './model'

export const documents = {
  attachments: (kind: RecordKind, record: string) =>
    ask<AttachmentList>('GET', `/attachments${queryText({ kind, record })}`),
  attach: (kind: RecordKind, record: string, file: File) =>
    upload<Attachment>(`/attachments${queryText({ kind, record, name: file.name })}`, file),
  timeline: (customer: number, asked: { kinds?: TimelineKind[]; text?: string; after?: string; limit?: number }) =>
    ask<TimelinePage>('GET', `/customers/${customer}/timeline${queryText({ ...asked, kinds: asked.kinds?.join(',') })}`),
  doubles: () => ask<Listing<Doubles>>('GET', '/customer_doubles'),
  merge: (kept: Customer, gone: Customer, take: string[]) =>
    ask<{ id: number }>('POST', `/customers/${kept.id}/merge`, {
      version: kept.version,
      other: gone.id,
      other_version: gone.version,
      take,
    }),
  undoMerge: (merge: number) => ask<unknown>('POST', `/customer_merges/${merge}/undo`, {}),
  remove: (customer: Customer, reason: string) =>
    ask<void>('POST', `/customers/${customer.id}/remove`, { version: customer.version, reason }),
  bin: (limit: number, offset: number) => ask<Listing<Binned>>('GET', `/customer_bin${queryText({ limit, offset })}`),
  restore: (customer: number) => ask<Customer>('POST', `/customer_bin/${customer}/restore`, {}),
  erase: (customer: number) => ask<void>('DELETE', `/customer_bin/${customer}`),
  detach: (attachment: number) => ask<void>('DELETE', `/attachments/${attachment}`),
  /** Where a file is saved from; inline: where a picture is shown from. */
  fileAt: (attachment: number, inline = false) => `/api/v1/attachments/${attachment}/file${inline ? '?inline=true' : ''}`,
}
