// libarchive, and its expression macros that Swift does not import: the prefix `carchive_` and the exact C name.
#ifndef BIVOUAC_CARCHIVE_H
#define BIVOUAC_CARCHIVE_H

#include <archive.h>
#include <archive_entry.h>

static const unsigned int carchive_AE_IFREG = AE_IFREG;
static const unsigned int carchive_AE_IFDIR = AE_IFDIR;

#endif
