/**
 * One record that is open, and one that is being filled in. Who saves second is told what is now, and saves again over
 * what was seen; nothing is written over unseen.
 */
import { ref, shallowRef, watch, type Ref } from 'vue'

import { ApiError } from '../api'
import { faultText, say } from '../saying'

/** Reads that record, and reads it again when changes grows: not while it is being edited, what is typed stays. */
export function useOne<Answer>(props: { id: number; changes: number }, ask: (id: number) => Promise<Answer>) {
  const one: Ref<Answer | null> = shallowRef(null)
  const editing = ref(false)
  const fault = ref('')

  async function load(): Promise<void> {
    const id = props.id
    try {
      const found = await ask(id)
      if (id !== props.id) return
      one.value = found
      fault.value = ''
    } catch (why) {
      if (id === props.id) fault.value = faultText(why)
    }
  }

  watch(
    () => props.id,
    () => {
      one.value = null
      editing.value = false
      void load()
    },
    { immediate: true },
  )
  watch(
    () => props.changes,
    () => {
      if (!editing.value) void load()
    },
  )
  return { one, editing, fault, load }
}

/** A few records of a customer, read again for another one. */
export function useOfCustomer<One>(props: { customer: number }, ask: (customer: number) => Promise<One[]>) {
  const items: Ref<One[]> = shallowRef([])
  const fault = ref('')

  async function load(): Promise<void> {
    const customer = props.customer
    try {
      const found = await ask(customer)
      if (customer !== props.customer) return
      items.value = found
      fault.value = ''
    } catch (why) {
      if (customer === props.customer) fault.value = faultText(why)
    }
  }

  watch(() => props.customer, load, { immediate: true })
  return { items, fault, load }
}

/**
 * Saving a form. send: what is filled in, over that version (0: a new one). saved: what comes of it; until then it is
 * busy. faults: of fields, by name. other: the
 * record as somebody else has left it meanwhile.
 */
export function useSaving<Saved extends { version: number }>(
  known: () => Saved | undefined,
  send: (version: number) => Promise<Saved>,
  saved: (one: Saved) => unknown,
) {
  const version = ref(known()?.version ?? 0)
  const other: Ref<Saved | null> = shallowRef(null)
  const faults = ref<Record<string, string>>({})
  const busy = ref(false)

  async function save(): Promise<void> {
    busy.value = true
    faults.value = {}
    try {
      await saved(await send(version.value))
    } catch (why) {
      if (why instanceof ApiError && why.status === 422) faults.value = why.fields
      else if (why instanceof ApiError && why.code === 'changed_meanwhile' && why.now) {
        other.value = why.now as Saved
        version.value = other.value.version
      } else say.fault(why)
    } finally {
      busy.value = false
    }
  }

  /** The form is of another record now. */
  function forget(): void {
    version.value = known()?.version ?? 0
    other.value = null
    faults.value = {}
  }
  /** What is filled in was begun with that version. */
  function seen(one: number): void {
    version.value = one
  }
  return { other, faults, busy, save, forget, seen }
}
