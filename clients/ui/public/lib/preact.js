// The one library of the pages.
export { createContext, html, render, useContext, useEffect, useErrorBoundary, useLayoutEffect, useMemo, useRef, useState } from '../vendor/htm-preact.js'
