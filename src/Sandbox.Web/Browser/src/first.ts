// Classic script in <head>: it runs before the first paint, and before the parts of the page that may not arrive.
import "./page/theme";
import "./page/early-clicks";
import "./page/missing-parts";
