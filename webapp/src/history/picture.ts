/** The picture of a recording: of all of it, and in more detail of the part that is shown. */
import { ref, shallowRef, watch, type Ref } from 'vue'

import { api } from '../api'
import { levelsOf, type Levels } from './levels'
import { lengthOf, quietOf, whole, type Span } from './playing'

export const COLUMNS = 480
/** Milliseconds after the last step of a zoom, before its detail is asked for. */
const PAUSE = 200

export function usePicture(recording: () => string) {
  const levels = shallowRef<Levels | null>(null)
  /** Seconds of the recording, as its picture tells. */
  const seconds = ref(0)
  const shown = ref<Span>(whole(0))
  /** The part that `levels` are of. */
  const drawn = ref<Span>(whole(0))
  const quiet = shallowRef<Span[]>([])
  const pauses = shallowRef<Span[]>([])
  let all: Levels | null = null
  let pause: ReturnType<typeof setTimeout> | undefined

  async function look(of: string): Promise<void> {
    levels.value = all = null
    shown.value = drawn.value = whole(0)
    quiet.value = pauses.value = []
    const found = await api.peaks(of, COLUMNS)
    if (of !== recording()) return
    levels.value = all = levelsOf(found)
    seconds.value = found.seconds
    shown.value = drawn.value = whole(found.seconds)
    pauses.value = found.pauses ?? []
    quiet.value = quietOf(found.silences ?? [], pauses.value)
  }

  async function detail(of: string, part: Span): Promise<void> {
    const found = await api.peaks(of, COLUMNS, part)
    if (of !== recording() || part !== shown.value) return
    levels.value = levelsOf(found)
    drawn.value = { begin: found.begin ?? part.begin, end: found.end ?? part.end }
  }

  // Without the picture it plays all the same.
  watch(recording, (of) => void look(of).catch(() => (levels.value = null)), { immediate: true })
  watch(shown as Ref<Span>, (part) => {
    clearTimeout(pause)
    if (!all) return
    if (lengthOf(part) >= seconds.value) {
      levels.value = all
      drawn.value = whole(seconds.value)
    } else pause = setTimeout(() => void detail(recording(), part).catch(() => undefined), PAUSE)
  })
  return { levels, seconds, shown, drawn, quiet, pauses, stop: () => clearTimeout(pause) }
}
