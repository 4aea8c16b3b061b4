/** Which recordings a call has beside the one that its record names: a message that was spoken to a flow, an earlier talk. */
import type { Step } from '../model'

export interface Taken {
  recording: string
  at: string
}

/** Whole ones in the order in which they were begun, without those that are no part of the call (a spoken note). */
export function otherRecordings(story: readonly Step[], shown: string | null): Taken[] {
  const whole = new Set(
    story
      .filter((step) => step.kind === 'recording.finished' && Number(step.details.seconds) > 0)
      .map((step) => String(step.details.recording)),
  )
  const removed = new Set(story.filter((step) => step.kind === 'recording.removed').map((step) => String(step.details.recording)))
  return story
    .filter((step) => step.kind === 'recording.started' && !step.details.beside)
    .map((step) => ({ recording: String(step.details.recording), at: step.at }))
    .filter((one) => one.recording !== shown && whole.has(one.recording) && !removed.has(one.recording))
}
