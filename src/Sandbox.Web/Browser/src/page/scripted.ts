/** The event on the document that says: the page's own script has set its buttons up. */
export const scripted = "scripted";
