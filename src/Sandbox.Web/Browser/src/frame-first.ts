// Classic script in the head of a frame: the parts of the page that do not arrive are loaded again. The theme is the page's.
import "./page/missing-parts";
