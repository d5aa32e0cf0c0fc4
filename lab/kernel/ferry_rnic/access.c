// SPDX-License-Identifier: GPL-2.0-only
/*
 * What user space does with the open device beside migration and the log:
 * reads and writes its regions, maps its doorbell page, asks what it is, sets
 * its interrupt's event, resets it.
 */
#include <linux/file.h>
#include <linux/iommu.h>
#include <linux/mm.h>
#include <linux/pci_regs.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/unaligned.h>

#include "rnic.h"

#define RNIC_VENDOR		0x5246
#define RNIC_DEVICE		0x4e52
#define RNIC_INTERRUPT_INDEX	VFIO_PCI_INTX_IRQ_INDEX
#define WORD_BYTES		sizeof(u32)

static u64 rnic_region_bytes(unsigned int region)
{
	switch (region) {
	case RNIC_REGISTERS_REGION:
		return RNIC_REGISTERS_BYTES;
	case RNIC_DOORBELLS_REGION:
		return RNIC_DOORBELLS_BYTES;
	case VFIO_PCI_CONFIG_REGION_INDEX:
		return RNIC_CONFIG_BYTES;
	default:
		return 0;
	}
}

void rnic_init_config(struct rnic *dev)
{
	u8 *config = dev->config;

	memset(config, 0, RNIC_CONFIG_BYTES);
	put_unaligned_le16(RNIC_VENDOR, config + PCI_VENDOR_ID);
	put_unaligned_le16(RNIC_DEVICE, config + PCI_DEVICE_ID);
	put_unaligned_le16(PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER,
			   config + PCI_COMMAND);
	config[PCI_CLASS_DEVICE + 1] = 0x02; /* A network controller, */
	config[PCI_CLASS_DEVICE] = 0x80; /* other than all that are listed. */
	config[PCI_INTERRUPT_PIN] = 1;
}

/* Which bits of a byte of the configuration can be written. */
static u8 rnic_config_mask(unsigned int offset)
{
	switch (offset) {
	case PCI_COMMAND:
		return PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
	case PCI_COMMAND + 1:
		return PCI_COMMAND_INTX_DISABLE >> 8;
	case PCI_INTERRUPT_LINE:
		return 0xff;
	case PCI_BASE_ADDRESS_0 + 1:
		return 0xf0; /* Sized by their bytes: 4096, */
	case PCI_BASE_ADDRESS_2 + 1:
		return 0xe0; /* and 8192. */
	case PCI_BASE_ADDRESS_0 + 2 ... PCI_BASE_ADDRESS_0 + 3:
	case PCI_BASE_ADDRESS_2 + 2 ... PCI_BASE_ADDRESS_2 + 3:
		return 0xff;
	default:
		return 0;
	}
}

static void rnic_write_config(struct rnic *dev, u32 offset, const u8 *data, size_t bytes)
{
	size_t i;

	for (i = 0; i < bytes; i++) {
		u8 mask = rnic_config_mask(offset + i);
		u8 *byte = &dev->config[offset + i];

		*byte = (*byte & ~mask) | (data[i] & mask);
	}
}

static void rnic_read_bells(struct rnic *dev, u8 image[RNIC_DOORBELLS_BYTES])
{
	memset(image, 0, PAGE_SIZE);
	put_unaligned_le32(rnic_read_bell(dev, RNIC_TRAPPED_RX_TAIL),
			   image + RNIC_RX_TAIL_OFFSET);
	put_unaligned_le32(rnic_read_bell(dev, RNIC_TRAPPED_CQ_HEAD),
			   image + RNIC_CQ_HEAD_OFFSET);
	memcpy(image + PAGE_SIZE, page_address(dev->mapped), PAGE_SIZE);
}

/* One aligned index; any other write is ignored. */
static void rnic_write_bells(struct rnic *dev, u32 offset, const u8 *data, size_t bytes)
{
	bool is_mapped = offset >= PAGE_SIZE;
	u32 at = offset % PAGE_SIZE;
	enum rnic_bell bell;

	if (bytes != WORD_BYTES ||
	    (at != RNIC_RX_TAIL_OFFSET && at != RNIC_CQ_HEAD_OFFSET))
		return;
	bell = at == RNIC_RX_TAIL_OFFSET ?
	       (is_mapped ? RNIC_MAPPED_RX_TAIL : RNIC_TRAPPED_RX_TAIL) :
	       (is_mapped ? RNIC_MAPPED_CQ_HEAD : RNIC_TRAPPED_CQ_HEAD);
	rnic_write_bell(dev, bell, get_unaligned_le32(data));
	rnic_wake(dev);
}

static void rnic_write_registers(struct rnic *dev, u32 offset, const u8 *data,
				 size_t bytes)
{
	size_t i;

	if (offset % WORD_BYTES || bytes % WORD_BYTES)
		return;
	for (i = 0; i < bytes; i += WORD_BYTES)
		rnic_write_register(dev, offset + i, get_unaligned_le32(data + i));
}

/* Where an access goes; false where it is not all in a region. */
static bool rnic_find(loff_t position, size_t bytes, unsigned int *region, u32 *offset)
{
	u64 at = position & (BIT_ULL(RNIC_REGION_SHIFT) - 1), whole;

	if (position < 0)
		return false;
	*region = position >> RNIC_REGION_SHIFT;
	whole = rnic_region_bytes(*region);
	*offset = at;
	return at <= whole && bytes <= whole - at;
}

static ssize_t rnic_read(struct vfio_device *vdev, char __user *data, size_t bytes,
			 loff_t *position)
{
	struct rnic *dev = to_rnic(vdev);
	unsigned int region;
	ssize_t ret = bytes;
	u32 offset;
	u8 *image;

	if (!rnic_find(*position, bytes, &region, &offset))
		return -EINVAL;
	image = kzalloc(RNIC_DOORBELLS_BYTES, GFP_KERNEL);
	if (!image)
		return -ENOMEM;
	mutex_lock(&dev->lock);
	if (region == RNIC_REGISTERS_REGION)
		rnic_read_registers(dev, image);
	else if (region == RNIC_DOORBELLS_REGION)
		rnic_read_bells(dev, image);
	else
		memcpy(image, dev->config, RNIC_CONFIG_BYTES);
	mutex_unlock(&dev->lock);
	if (copy_to_user(data, image + offset, bytes))
		ret = -EFAULT;
	else
		*position += bytes;
	kfree(image);
	return ret;
}

static ssize_t rnic_write(struct vfio_device *vdev, const char __user *data,
			  size_t bytes, loff_t *position)
{
	struct rnic *dev = to_rnic(vdev);
	unsigned int region;
	u32 offset;
	u8 *copy;

	if (!rnic_find(*position, bytes, &region, &offset))
		return -EINVAL;
	if (!bytes)
		return 0;
	copy = memdup_user(data, bytes);
	if (IS_ERR(copy))
		return PTR_ERR(copy);
	mutex_lock(&dev->lock);
	if (region == VFIO_PCI_CONFIG_REGION_INDEX)
		rnic_write_config(dev, offset, copy, bytes);
	else if (!rnic_takes_writes(dev))
		;
	else if (region == RNIC_REGISTERS_REGION)
		rnic_write_registers(dev, offset, copy, bytes);
	else
		rnic_write_bells(dev, offset, copy, bytes);
	mutex_unlock(&dev->lock);
	kfree(copy);
	*position += bytes;
	return bytes;
}

/* The second doorbell page, as a whole and shared. */
static int rnic_mmap(struct vfio_device *vdev, struct vm_area_struct *vma)
{
	struct rnic *dev = to_rnic(vdev);
	unsigned long region = vma->vm_pgoff >> (RNIC_REGION_SHIFT - PAGE_SHIFT);
	unsigned long page = vma->vm_pgoff &
			     (BIT(RNIC_REGION_SHIFT - PAGE_SHIFT) - 1);

	if (region != RNIC_DOORBELLS_REGION || page != 1 ||
	    vma->vm_end - vma->vm_start != PAGE_SIZE ||
	    !(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	vm_flags_set(vma, VM_DONTEXPAND | VM_DONTDUMP);
	return vm_insert_page(vma, vma->vm_start, dev->mapped);
}

void rnic_signal(struct rnic *dev)
{
	if (dev->interrupt)
		eventfd_signal(dev->interrupt);
}

static int rnic_set_event(struct rnic *dev, s32 fd)
{
	struct eventfd_ctx *event = fd < 0 ? NULL : eventfd_ctx_fdget(fd);

	if (IS_ERR(event))
		return PTR_ERR(event);
	if (dev->interrupt)
		eventfd_ctx_put(dev->interrupt);
	dev->interrupt = event;
	return 0;
}

static int rnic_set_interrupts(struct rnic *dev, const struct vfio_irq_set *set,
			       const void *data)
{
	if ((set->flags & VFIO_IRQ_SET_ACTION_TYPE_MASK) !=
	    VFIO_IRQ_SET_ACTION_TRIGGER)
		return -ENOTTY;
	if (!set->count)
		return set->flags & VFIO_IRQ_SET_DATA_NONE ?
		       rnic_set_event(dev, -1) : -EINVAL;
	switch (set->flags & VFIO_IRQ_SET_DATA_TYPE_MASK) {
	case VFIO_IRQ_SET_DATA_EVENTFD:
		return rnic_set_event(dev, *(const s32 *)data);
	case VFIO_IRQ_SET_DATA_BOOL:
		if (*(const u8 *)data)
			rnic_signal(dev);
		return 0;
	default:
		rnic_signal(dev);
		return 0;
	}
}

static long rnic_get_info(void __user *arg)
{
	size_t minsz = offsetofend(struct vfio_device_info, num_irqs);
	struct vfio_device_info info;

	if (copy_from_user(&info, arg, minsz))
		return -EFAULT;
	if (info.argsz < minsz)
		return -EINVAL;
	info.flags = VFIO_DEVICE_FLAGS_RESET | VFIO_DEVICE_FLAGS_PCI;
	info.num_regions = VFIO_PCI_NUM_REGIONS;
	info.num_irqs = VFIO_PCI_NUM_IRQS;
	return copy_to_user(arg, &info, minsz) ? -EFAULT : 0;
}

/* Says that of the doorbells the second page alone can be mapped. */
static int rnic_add_mappable(struct vfio_info_cap *caps)
{
	struct vfio_region_info_cap_sparse_mmap *sparse;
	size_t bytes = struct_size(sparse, areas, 1);
	int ret;

	sparse = kzalloc(bytes, GFP_KERNEL);
	if (!sparse)
		return -ENOMEM;
	sparse->header.id = VFIO_REGION_INFO_CAP_SPARSE_MMAP;
	sparse->header.version = 1;
	sparse->nr_areas = 1;
	sparse->areas[0].offset = PAGE_SIZE;
	sparse->areas[0].size = PAGE_SIZE;
	ret = vfio_info_add_capability(caps, &sparse->header, bytes);
	kfree(sparse);
	return ret;
}

static long rnic_get_region_info(void __user *arg)
{
	size_t minsz = offsetofend(struct vfio_region_info, offset);
	struct vfio_info_cap caps = {};
	struct vfio_region_info info;
	long ret = 0;

	if (copy_from_user(&info, arg, minsz))
		return -EFAULT;
	if (info.argsz < minsz || info.index >= VFIO_PCI_NUM_REGIONS)
		return -EINVAL;
	info.size = rnic_region_bytes(info.index);
	info.offset = (u64)info.index << RNIC_REGION_SHIFT;
	info.cap_offset = 0;
	info.flags = info.size ? VFIO_REGION_INFO_FLAG_READ |
				 VFIO_REGION_INFO_FLAG_WRITE : 0;
	if (info.index == RNIC_DOORBELLS_REGION) {
		info.flags |= VFIO_REGION_INFO_FLAG_MMAP |
			      VFIO_REGION_INFO_FLAG_CAPS;
		ret = rnic_add_mappable(&caps);
		if (ret)
			return ret;
	}
	if (info.argsz < sizeof(info) + caps.size) {
		info.argsz = sizeof(info) + caps.size;
	} else if (caps.size) {
		vfio_info_cap_shift(&caps, sizeof(info));
		if (copy_to_user(arg + sizeof(info), caps.buf, caps.size))
			ret = -EFAULT;
		info.cap_offset = sizeof(info);
	}
	kfree(caps.buf);
	if (!ret && copy_to_user(arg, &info, minsz))
		ret = -EFAULT;
	return ret;
}

static unsigned int rnic_interrupt_count(unsigned int index)
{
	return index == RNIC_INTERRUPT_INDEX ? 1 : 0;
}

static long rnic_get_irq_info(void __user *arg)
{
	size_t minsz = offsetofend(struct vfio_irq_info, count);
	struct vfio_irq_info info;

	if (copy_from_user(&info, arg, minsz))
		return -EFAULT;
	if (info.argsz < minsz || info.index >= VFIO_PCI_NUM_IRQS)
		return -EINVAL;
	info.count = rnic_interrupt_count(info.index);
	info.flags = info.count ? VFIO_IRQ_INFO_EVENTFD : 0;
	return copy_to_user(arg, &info, minsz) ? -EFAULT : 0;
}

static long rnic_set_irqs(struct rnic *dev, void __user *arg)
{
	size_t minsz = offsetofend(struct vfio_irq_set, count), bytes;
	struct vfio_irq_set set;
	void *data = NULL;
	long ret;

	if (copy_from_user(&set, arg, minsz))
		return -EFAULT;
	ret = vfio_set_irqs_validate_and_prepare(&set,
			rnic_interrupt_count(set.index), VFIO_PCI_NUM_IRQS, &bytes);
	if (ret)
		return ret;
	if (bytes) {
		data = memdup_user(arg + minsz, bytes);
		if (IS_ERR(data))
			return PTR_ERR(data);
	}
	mutex_lock(&dev->lock);
	ret = rnic_set_interrupts(dev, &set, data);
	mutex_unlock(&dev->lock);
	kfree(data);
	return ret;
}

static long rnic_ioctl(struct vfio_device *vdev, unsigned int cmd, unsigned long arg)
{
	struct rnic *dev = to_rnic(vdev);

	switch (cmd) {
	case VFIO_DEVICE_GET_INFO:
		return rnic_get_info((void __user *)arg);
	case VFIO_DEVICE_GET_REGION_INFO:
		return rnic_get_region_info((void __user *)arg);
	case VFIO_DEVICE_GET_IRQ_INFO:
		return rnic_get_irq_info((void __user *)arg);
	case VFIO_DEVICE_SET_IRQS:
		return rnic_set_irqs(dev, (void __user *)arg);
	case VFIO_DEVICE_RESET:
		mutex_lock(&dev->lock);
		rnic_reset(dev);
		mutex_unlock(&dev->lock);
		return 0;
	default:
		return -ENOTTY;
	}
}

const struct vfio_device_ops rnic_vfio_ops = {
	.name = "ferry-rnic",
	.init = rnic_init,
	.release = rnic_release,
	.open_device = rnic_open,
	.close_device = rnic_close,
	.read = rnic_read,
	.write = rnic_write,
	.ioctl = rnic_ioctl,
	.mmap = rnic_mmap,
	.bind_iommufd = vfio_iommufd_emulated_bind,
	.unbind_iommufd = vfio_iommufd_emulated_unbind,
	.attach_ioas = vfio_iommufd_emulated_attach_ioas,
	.detach_ioas = vfio_iommufd_emulated_detach_ioas,
};
