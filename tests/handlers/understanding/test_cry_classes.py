"""Cries of some classes, and what is like them in letters and calls nobody."""

from handlers.understanding.cries import concern_in
from handlers.understanding.keywords import is_rescue

_CRIES = {
    "chest and head": (
        "ปวดหน้าอกมาก", "ยายปวดหน้าอก", "เจ็บอกมาก", "my chest hurts", "ปวดหัวรุนแรง อาเจียน ตามัว", "พ่อเจ็บกลางอก ร้าวไปหลัง",
        "จุกหน้าอกมาก เหงื่อออก", "แม่ใหญ่ปวดเอิก", "tightness in his chest", "my chest is hurting so much",
        "ปวดหัวมาก อาเจียนไม่หยุด ตาพร่า",
    ),
    "other languages": (
        "giúp tôi", "xin giúp đỡ", "nhà ngập", "giup toi", "ខ្ញុំជាប់", "ບ້ານນ້ຳຖ້ວມ", "xin giup do nha toi bi ngap",
        "làm ơn giúp tôi với", "giúp mình với nước lên", "ពួកយើងជាប់", "ເຮືອນນ້ຳຖ້ວມ", "ບ້ານນໍ້າຖ້ວມແລ້ວ",
    ),
    "floods, slides, forest fires, dams": (
        "บ้านลอยแล้ว", "จมแล้ว", "ดินสไลด์ลงมาแล้ว", "ไฟป่าเข้าหมู่บ้าน", "เขื่อนแตกแล้ว วิ่ง", "namtuam baan laew",
        "บ้านกำลังลอยไปตามน้ำ", "เฮือนลอยไปแล้ว", "ดินสไลด์แล้ว หนีเร็ว", "ไฟป่ามาถึงหมู่บ้านแล้ว", "อ่างเก็บน้ำแตก น้ำมาแล้ว",
        "เขื่อนแตก น้ำมาแล้ว", "namthuam baan mot laew",
    ),
    "water that comes, and water that lacks": (
        "water coming into my house", "water is coming fast to my house", "trapped on roof no water 2 days",
        "no drinking water and stuck here 3 days", "we are cut off no water 3 days",
        "water is at the door and coming in",
    ),
    "wires and dogs that hurt": ("สายไฟขาดดูดเด็ก", "หมาบ้ากัดลูกเลือดไหล"),
}  # fmt: skip

_CALM = {
    "chest and head": (
        "นกเขาเจ็บอกเจ็บใจ เพลงนี้ใครร้อง", "เคยปวดหน้าอกเมื่อปีก่อน หายแล้ว", "เจ็บหน้าอกต้องไปแผนกไหน สิทธิบัตรทอง",
        "ปวดหัวกับเอกสารจนอ้วกจะแตก", "ปวดหัวนิดหน่อย ขอวันลาประกันสังคมยังไง", "chest x-ray price",
    ),
    "other languages": (
        "giúp tôi đăng ký thẻ", "giúp tôi xem giá lúa", "giup toi dich cau nay", "ខ្ញុំជាប់រវល់", "ປີກາຍບ້ານນ້ຳຖ້ວມ",
        "năm ngoái nhà ngập",
    ),
    "floods, slides, forest fires, dams": (
        "ควันไฟป่าเข้าหมู่บ้านทุกปี", "ดินสไลด์ลงมาปิดถนน ต.แม่สาย", "น้ำตาไหลเหมือนเขื่อนแตก", "เขาว่าเขื่อนแตกจริงไหม",
        "ขออนุญาตสร้างบ้านลอยน้ำ", "namtuam baan pi thi laew", "ท่อประปาแตก น้ำแรงมาก", "ท่อเมนแตกน้ำมาแล้วหยุด",
    ),
    "water that comes, and water that lacks": (
        "water not coming 3 days", "no water 2 days", "water not coming to my house",
        "water is not coming since monday",
        "no water in the tap 4 days", "tap water stopped 2 days", "our water does not come for a week",
        "no water 5 days when will you fix",
    ),
    "wires and dogs": (
        "สายไฟรกตามเสา", "ขอฉีดวัคซีนพิษสุนัขบ้า", "หมาเห่าทั้งคืน", "สายเน็ตห้อย", "เสาไฟดับทั้งซอย", "ทำหมันหมาจร",
    ),
}  # fmt: skip

_RISKS = (
    "เสาไฟล้มขวางถนน สายไฟขาดสปาร์ค ต.อิสาณ", "หมามันไล่ขบเด็ก หน้าโรงเรียน ต.อิสาณ", "สายไฟขาดตกพื้นมีประกายไฟ",
    "สายไฟแรงสูงหล่นลงพื้นหน้าโรงเรียน", "หม้อแปลงสปาร์คทุกครั้งที่ฝนตก", "หมาจรไล่กัดเด็กหน้าวัด", "สุนัขน้ำลายยืดไล่กัดคน",
    "หมาบ้าอยู่หน้าตลาด",
)  # fmt: skip


def test_cries_of_each_class_are_heard() -> None:
    assert [each for cries in _CRIES.values() for each in cries if not is_rescue(each)] == []


def test_what_is_like_them_calls_nobody() -> None:
    assert [each for calm in _CALM.values() for each in calm if is_rescue(each)] == []


def test_what_may_hurt_whoever_comes_near_has_the_hotlines_beside_it() -> None:
    assert [each for each in _RISKS if not is_rescue(each) and concern_in(each) is None] == []
    assert [each for each in _CALM["wires and dogs"] if concern_in(each) is not None] == []
