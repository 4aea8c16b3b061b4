/** What the documents' parts ask the server. */
import { ask, queryText, upload } from '../api'
import type { Attachment, AttachmentList, RecordKind, TimelineKind, TimelinePage } from './model'

export const documents = {
  attachments: (kind: RecordKind, record: string) =>
    ask<AttachmentList>('GET', `/attachments${queryText({ kind, record })}`),
  attach: (kind: RecordKind, record: string, file: File) =>
    upload<Attachment>(`/attachments${queryText({ kind, record, name: file.name })}`, file),
  timeline: (customer: number, asked: { kinds?: TimelineKind[]; text?: string; after?: string; limit?: number }) =>
    ask<TimelinePage>('GET', `/customers/${customer}/timeline${queryText({ ...asked, kinds: asked.kinds?.join(',') })}`),
  detach: (attachment: number) => ask<void>('DELETE', `/attachments/${attachment}`),
  /** Where a file is saved from; inline: where a picture is shown from. */
  fileAt: (attachment: number, inline = false) => `/api/v1/attachments/${attachment}/file${inline ? '?inline=true' : ''}`,
}
