/** Files of records, as the API gives them (docs/api.md). */
export type RecordKind = 'customer' | 'consultation' | 'complaint' | 'follow_up' | 'appointment' | 'call'

export interface Attachment {
  id: number
  kind: RecordKind
  record: string
  name: string
  octets: number
  /** What its octets say that it is. */
  type: string
  sha256: string
  at: string
  by: string
}

export interface AttachmentList {
  items: Attachment[]
  total: number
  most_octets: number
}
