/**
 * A part of the administration in which one thing is chosen and edited (beside.css has its look): all are read, one is
 * shown, and it is saved over the version that was seen.
 */
import { ref, shallowRef, type Ref } from 'vue'

import { useSaving } from '../records/one'
import { faultText } from '../saying'

/**
 * ask: all that the part shows. show: that the form has one of them now; call `forget` with it. known: the one that is
 * edited. send: what is filled in, over that version (0: a new one). saved: what comes of it.
 */
export function useEditing<All, Kept extends { version: number }>(given: {
  ask: () => Promise<All>
  show: (all: All) => void
  known: () => Kept | undefined
  send: (version: number) => Promise<Kept>
  saved: (one: Kept) => unknown
}) {
  const all: Ref<All | null> = shallowRef(null)
  const fault = ref('')
  const saving = useSaving<Kept>(() => (all.value === null ? undefined : given.known()), given.send, given.saved)

  async function load(): Promise<void> {
    try {
      const found = await given.ask()
      all.value = found
      fault.value = ''
      given.show(found)
    } catch (why) {
      fault.value = faultText(why)
    }
  }
  void load()
  return { all, fault, load, ...saving }
}
