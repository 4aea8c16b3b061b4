/**
 * Fields of the office's own in a list: what it is narrowed to, and which of them are columns. Each person chooses the
 * columns of each list; the browser keeps them.
 */
import { computed, ref, watch, type Ref } from 'vue'

import { useFields } from '../fields/fields'
import type { CustomField, FieldKind, FieldsAsked } from '../fields/model'

const MOST_COLUMNS = 8
/** Pixels: of a column, and of all others together. */
const COLUMN = 110
const LEAST = 640

export interface OwnFields {
  kind: FieldKind
  asked: Ref<FieldsAsked>
  columns: Ref<string[]>
  /** Fields that are columns now. */
  shown: Ref<CustomField[]>
  /** Of the table: with many columns it is wider than its place, and is moved sideways within it. */
  width: Ref<{ minWidth: string } | undefined>
  /** For the API. */
  fields: () => string
}

export function useOwnFields(kind: FieldKind): OwnFields {
  const fields = useFields()
  void fields.load()
  const place = `callcenterd.columns.${kind}`
  const asked = ref<FieldsAsked>({})
  const columns = ref(readNames(localStorage.getItem(place)))
  const shown = computed(() => fields.of(kind).filter((field) => columns.value.includes(field.name)).slice(0, MOST_COLUMNS))
  watch(columns, (names) => localStorage.setItem(place, names.join(' ')))
  return {
    kind,
    asked,
    columns,
    shown,
    width: computed(() => (shown.value.length ? { minWidth: `${LEAST + shown.value.length * COLUMN}px` } : undefined)),
    fields: () => (Object.keys(asked.value).length ? JSON.stringify(asked.value) : ''),
  }
}

/** Whatever stands there: names are of small letters, digits and _. */
export function readNames(text: string | null): string[] {
  return (text ?? '').split(' ').filter((name) => /^[a-z][a-z0-9_]{0,39}$/.test(name))
}
