#ifndef BIVOUAC_CARCHIVE_H
#define BIVOUAC_CARCHIVE_H

#include <archive.h>
#include <archive_entry.h>

#endif
