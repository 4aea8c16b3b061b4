/**
 * A record's form: what is written into it begins with `start` and is begun anew when it becomes another record's; who
 * saves second is shown what the other has left (RecordForm). Its lines are WrittenFields.
 */
import { computed, reactive, watch } from 'vue'

import { useDictionaries } from '../dictionaries'
import { useFields } from '../fields/fields'
import type { FieldKind, FieldValues } from '../fields/model'
import type { DictionaryName } from '../model'
import { newPlace, useDraft } from './drafts'
import { useSaving } from './one'

/** Fields, and the dictionaries that their values are from. */
export type Dictionaries<Name extends string> = Partial<Record<Name, DictionaryName>>

/**
 * names: fields that are shown when somebody else has saved meanwhile; label: what each is called; shown: its value, if
 * it is neither a text nor a dictionary's. send: the record as it is filled in, over that version; a new one with that key.
 * beside: what is filled in besides and belongs to its draft, as JSON; put: null, it is as at the beginning.
 */
export function useWritten<
  Written extends { fields: FieldValues; call?: string | null; customer?: number | null },
  Name extends keyof Written & string,
  Saved extends Written & { id: number; version: number },
>(given: {
  kind: FieldKind
  props: { readonly start: Written; readonly known?: Saved }
  names: readonly Name[]
  dictionaries: Dictionaries<Name>
  label: (name: Name) => string
  shown?: (name: Name, value: Written[Name]) => string | undefined
  send: (sent: Written, version: number, key: string) => Promise<Saved>
  saved: (one: Saved) => void
  beside?: { get: () => unknown; put: (kept: unknown) => void }
}) {
  const { kind, props, names } = given
  const words = useDictionaries()
  const fields = useFields()
  void words.load()
  void fields.load()
  /** Lists and own fields are new ones when they change, so that this is copy enough. */
  const begun = (): Written => ({ ...props.start, fields: { ...props.start.fields } })
  const wanted = reactive(begun()) as Written
  const draft = useDraft<Record<string, unknown>>({
    values: () => ({ ...wanted, ...(given.beside ? { beside: given.beside.get() } : {}) }),
    take({ beside, ...values }) {
      Object.assign(wanted, values)
      if (beside !== undefined) given.beside?.put(beside)
    },
    discarded: () => forget(),
  })
  const { other, faults, busy, save, forget, seen } = useSaving<Saved>(
    () => props.known,
    (version) =>
      draft.send((key) => given.send({ ...wanted, fields: fields.filled(kind, wanted.fields) }, version, key)),
    given.saved,
  )
  function lookForDraft(): void {
    const { known, start } = props
    seen(draft.begin(known ? `${kind}/${known.id}` : newPlace(kind, start), known?.version).version)
  }
  lookForDraft()
  watch(
    () => props.known?.id,
    () => {
      draft.leave()
      Object.assign(wanted, begun())
      forget()
      lookForDraft()
    },
  )

  function textOf(name: Name, value: Written[Name]): string {
    const dictionary = given.dictionaries[name]
    const text = String(value ?? '')
    return given.shown?.(name, value) ?? (dictionary ? words.word(dictionary, text) : text)
  }
  const theirs = computed(() => {
    const now: Written | null = other.value
    if (!now) return null
    const others = names.filter((name) => now[name] !== wanted[name])
    return others.map((name) => ({ label: given.label(name), text: textOf(name, now[name]) }))
  })
  return { wanted, theirs, faults, busy, save, draft }
}
