//! Every pass hits, on worlds that have what it is for.

