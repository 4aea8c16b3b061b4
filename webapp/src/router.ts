/** The pages and their addresses under /app/. Each page's code is fetched when it is first opened. */
import { createRouter, createWebHistory } from 'vue-router'

import { ADMIN_PARTS } from './admin/parts'
import type { PageName } from './rights'
import { useSession } from './session'

declare module 'vue-router' {
  interface RouteMeta {
    page?: PageName
  }
}

export const router = createRouter({
  history: createWebHistory('/app/'),
  routes: [
    { path: '/', redirect: () => ({ name: useSession().start }) },
    { path: '/desk', name: 'desk', component: () => import('./desk/DeskPage.vue'), meta: { page: 'desk' } },
    {
      path: '/history/:call?',
      name: 'history',
      component: () => import('./history/HistoryPage.vue'),
      meta: { page: 'history' },
    },
    {
      path: '/customers/:id(\\d+|new)?',
      name: 'customers',
      component: () => import('./customers/CustomersPage.vue'),
      meta: { page: 'customers' },
    },
    { path: '/live', name: 'live', component: () => import('./wall/LivePage.vue'), meta: { page: 'live' } },
    {
      path: `/admin/:part(${ADMIN_PARTS.join('|')})?`,
      name: 'admin',
      component: () => import('./admin/AdminPage.vue'),
      meta: { page: 'admin' },
    },
    { path: '/:rest(.*)', name: 'missing', component: () => import('./shell/MissingPage.vue') },
  ],
})
