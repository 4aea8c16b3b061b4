/** A call of an agent for help that has no end yet (docs/api.md). */
export interface HelpRequest {
  id: number
  agent: string
  asked_at: string
  call: string | null
  text: string
  by_phone: boolean
  state: 'open' | 'taken' | 'resolved' | 'withdrawn'
  taken_by: string
  taken_at: string | null
  answered_at: string | null
  version: number
}
