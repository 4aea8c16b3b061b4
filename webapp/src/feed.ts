/**
 * What the event stream says, kept as topics: one snapshot, then numbered differences (docs/api.md, live events).
 * Sans-IO: messages go in; the state, and whether a snapshot must be asked for, come out. live.ts has the socket.
 */
import { reactive } from 'vue'

export interface Message {
  type: string
  at?: string
  data?: unknown
}

export interface Fact {
  type: string
  at: string
  data: Record<string, unknown>
}

export type Received = 'kept' | 'fact' | 'gap' | 'ignored'

export class Feed {
  /** "agents/1001" → its newest value. Reactive by key: one changed agent redraws one row. */
  readonly topics = reactive(new Map<string, unknown>())
  private seq: number | null = null

  /** "gap": differences were lost; ask for a snapshot. Until it comes, later differences change nothing. */
  receive(message: Message): Received {
    if (message.type === 'live.snapshot') {
      const { seq, topics } = message.data as { seq: number; topics: Record<string, unknown> }
      for (const topic of this.topics.keys()) if (!(topic in topics)) this.topics.delete(topic)
      for (const [topic, value] of Object.entries(topics)) this.put(topic, value)
      this.seq = seq
      return 'kept'
    }
    if (message.type === 'live.changed') {
      const { seq, changes } = message.data as { seq: number; changes: Record<string, unknown> }
      if (this.seq === null) return 'ignored'
      if (seq <= this.seq) return 'ignored' // said before the snapshot that we have
      if (seq !== this.seq + 1) {
        this.seq = null
        return 'gap'
      }
      this.seq = seq
      for (const [topic, value] of Object.entries(changes)) this.put(topic, value)
      return 'kept'
    }
    return 'fact'
  }

  /** A new connection counts from its own snapshot. What was known stays on the page until then. */
  disconnected(): void {
    this.seq = null
  }

  /** All values under "agents/", in the order of their names. */
  under<T>(prefix: string): T[] {
    return [...this.topics.entries()]
      .filter(([topic]) => topic.startsWith(prefix))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, value]) => value as T)
  }

  get<T>(topic: string): T | undefined {
    return this.topics.get(topic) as T | undefined
  }

  private put(topic: string, value: unknown): void {
    if (value === null) this.topics.delete(topic)
    else if (JSON.stringify(this.topics.get(topic)) !== JSON.stringify(value)) this.topics.set(topic, value)
  }
}

/** Seconds to wait before the n-th attempt: quickly at first, never all pages of an office at once. */
export function backOff(attempt: number, chance: number): number {
  const most = Math.min(15, 0.5 * 2 ** Math.min(attempt, 10))
  return most * (0.5 + chance / 2)
}
