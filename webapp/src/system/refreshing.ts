/** Asks again and again, for as long as somebody looks: not on a page that lies behind others or in a hidden tab. */
import { onActivated, onBeforeUnmount, onDeactivated, onMounted } from 'vue'

/** load: never two of them at a time. */
export function useRefreshing(load: () => Promise<void>, every: number): void {
  let timer: ReturnType<typeof setInterval> | undefined
  let asking = false

  async function again(): Promise<void> {
    if (asking || document.hidden) return
    asking = true
    try {
      await load()
    } finally {
      asking = false
    }
  }
  function begin(): void {
    if (timer !== undefined) return // mounted and activated are one beginning
    void again()
    timer = setInterval(() => void again(), every)
  }
  function stop(): void {
    clearInterval(timer)
    timer = undefined
  }
  onMounted(begin)
  onActivated(begin)
  onDeactivated(stop)
  onBeforeUnmount(stop)
}
