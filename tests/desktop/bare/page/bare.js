// The first frame in which the page could be used.
requestAnimationFrame(() => requestAnimationFrame(() => performance.mark("interactive")));
