// Every <time datetime> that the server wrote: in the viewer's words and zone, relative ones ticking.

import { ago, moment } from "./format.js";

/** Write all times below `root`. `data-form` says how: "ago" (the default) or a form of format.js. */
export function writeTimes(root = document) {
  for (const time of root.querySelectorAll("time[datetime][data-form]")) {
    const unix_s = Date.parse(time.dateTime) / 1000;
    if (Number.isNaN(unix_s)) continue;
    const { form } = time.dataset;
    const text = form === "ago" ? ago(unix_s, Date.now() / 1000) : moment(unix_s, form);
    if (time.textContent !== text) time.textContent = text;
    time.title = moment(unix_s, "exact");
  }
}

writeTimes();
setInterval(() => document.hidden || writeTimes(), 10_000);
